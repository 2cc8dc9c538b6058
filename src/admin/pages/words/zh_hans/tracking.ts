/**
 * Message tracking, in Simplified Chinese.
 *
 * @module
 */
import type { Catalogue } from "../catalogue.ts";
import type { tracking as english } from "../en/tracking.ts";

/** See the module. */
export const tracking: Catalogue<typeof english> = {
  "tracking.about": "从邮件日志查询邮件的来源与结果",
  "tracking.sender": "发件人包含",
  "tracking.recipient": "收件人包含",
  "tracking.subject": "主题包含",
  "tracking.message_id": "Message-ID 包含",
  "tracking.mid": "MID",
  "tracking.since": "起始于",
  "tracking.hour": "过去一小时",
  "tracking.day": "过去 24 小时",
  "tracking.week": "过去 7 天",
  "tracking.ever": "日志中的全部",
  "tracking.found": "邮件",
  "tracking.time": "时间",
  "tracking.from": "发件人",
  "tracking.to": "收件人",
  "tracking.subject_column": "主题",
  "tracking.state": "结果",
  "tracking.state.delivered": "已投递",
  "tracking.state.bounced": "已退回",
  "tracking.state.aborted": "已中止",
  "tracking.state.deleted": "已删除",
  "tracking.state.open": "投递中",
  "tracking.state.mixed": "各收件人结果不同",
  "tracking.state.finished": "已丢弃",
  "tracking.empty": "未找到邮件",
  "tracking.empty.hint": "请使用其他条件或更长的时间。日志保留到轮换文件为止，且级别须为 info 才会记录邮件。",
  "tracking.cut_short": "搜索时间过长，仅回溯至 {time}。缩短时间范围或指定 MID 可找到更多。",
  "tracking.busy": "其他搜索正在执行，请稍后重试。",
  "tracking.way": "邮件 {mid} 的过程",
  "tracking.not_known": "邮件日志中没有 MID {mid}",
  "tracking.lines_cut": "行数过多，省略较早的记录。",
  "tracking.parent": "因 MID {mid} 而产生",
  "tracking.children": "因此邮件而产生",
  "tracking.in_queue": "在队列中",
};
