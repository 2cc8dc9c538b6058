/**
 * The overview, in Simplified Chinese.
 *
 * @module
 */
import type { Catalogue } from "../catalogue.ts";
import type { overview as english } from "../en/overview.ts";

/** See the module. */
export const overview: Catalogue<typeof english> = {
  "overview.about": "过去 24 小时的邮件，以及当前需要处理的事项",
  "overview.messages_in": "收到的邮件",
  "overview.messages_out": "发出的邮件",
  "overview.an_hour": "当前每小时 {count} 封",
  "overview.queue": "队列中",
  "overview.oldest": "最旧的已等待 {span}",
  "overview.queue_empty": "没有等待中的邮件",
  "overview.encrypted_in": "接收加密比例",
  "overview.encrypted_out": "发送加密比例",
  "overview.of_connections": "共 {count} 个连接",
  "overview.sessions": "打开的会话",
  "overview.out_now": "{count} 个出站连接",
  "overview.attention": "需要处理",
  "overview.all_well": "目前一切正常。",
  "overview.pressure": "过载（{kind}）：{text}",
  "overview.suspended_listeners": "侦听程序已暂停：{names}",
  "overview.suspended_delivery": "投递已暂停：{names}",
  "overview.everything": "全部",
  "overview.listener_down": "侦听程序 {name}（{address}）未在侦听",
  "overview.certificate_expires": "证书 {name} 将于 {span}后到期",
  "overview.certificate_expired": "证书 {name} 已过期",
  "overview.config_refused": "配置文件于 {time} 被拒绝，原因请见邮件日志。先前的配置仍然生效。",
  "overview.failing_hosts": "{count} 台主机近期连接失败，暂时不再尝试",
  "overview.alerts": "最近 24 小时内有 {count} 项警报，最近一项：{title}",
  "overview.flow": "每小时邮件量",
  "overview.in": "接收",
  "overview.out": "发送",
  "overview.deferred": "延迟",
  "overview.bounced": "退回",
  "overview.certificates": "使用中的证书",
  "overview.expires": "到期日",
  "overview.subject": "主题",
  "overview.listeners": "侦听程序",
  "overview.state": "状态",
  "overview.listening": "侦听中",
  "overview.down": "未侦听",
  "overview.sessions_short": "会话",
  "overview.version": "Postern {version}，已运行 {span}",
  "overview.no_statistics": "目前无法读取统计数据，原因请见邮件日志。",
};
