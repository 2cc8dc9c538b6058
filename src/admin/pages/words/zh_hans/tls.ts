/**
 * TLS connections, in Simplified Chinese.
 *
 * @module
 */
import type { Catalogue } from "../catalogue.ts";
import type { tls as english } from "../en/tls.ts";

/** See the module. */
export const tls: Catalogue<typeof english> = {
  "tls.about": "哪些邮件已加密、哪些未加密，以及原因",
  "tls.direction": "方向",
  "tls.inbound": "接收，按发件人域",
  "tls.outbound": "发送，按目标",
  "tls.span": "时间范围",
  "tls.day": "过去 24 小时",
  "tls.week": "过去 7 天",
  "tls.month": "过去 30 天",
  "tls.quarter": "过去 90 天",
  "tls.domain_filter": "域包含",
  "tls.show": "显示",
  "tls.graph": "各时段连接数",
  "tls.required_ok": "要求 TLS，成功",
  "tls.preferred_ok": "首选 TLS，成功",
  "tls.clear": "明文",
  "tls.required_failed": "要求 TLS，失败",
  "tls.preferred_failed": "首选 TLS，失败",
  "tls.summary": "总计",
  "tls.connections": "连接",
  "tls.domains": "域",
  "tls.domain": "域",
  "tls.share": "加密比例",
  "tls.messages": "邮件",
  "tls.last": "最近结果",
  "tls.result.success": "已加密",
  "tls.result.failed": "失败",
  "tls.result.clear": "明文",
  "tls.unverified": "证书未通过验证",
  "tls.set_policy": "设置策略",
  "tls.test": "立即测试",
  "tls.empty": "此期间没有邮件",
  "tls.empty.hint": "请选择较长的时间范围，或通过网关发送邮件。",
  "tls.all_others": "所有其他域",
  "tls.null_sender": "空发件人（退信）",
  "tls.unknown": "没有邮件的连接",
};
