/**
 * Alerts, in Simplified Chinese.
 *
 * @module
 */
import type { Catalogue } from "../catalogue.ts";
import type { alerts as english } from "../en/alerts.ts";

/** See the module. */
export const alerts: Catalogue<typeof english> = {
  "alerts.about": "启动以来的异常，以及通知对象",
  "alerts.board": "启动以来",
  "alerts.none": "没有警报",
  "alerts.none.hint": "出现问题时会列在这里，并发送给下面的收件人。",
  "alerts.severity": "严重性",
  "alerts.severity.critical": "严重",
  "alerts.severity.warning": "警告",
  "alerts.severity.info": "信息",
  "alerts.severities": "严重性",
  "alerts.what": "内容",
  "alerts.classes": "类别",
  "alerts.class.system": "系统",
  "alerts.class.tls": "TLS 与证书",
  "alerts.last": "最近一次",
  "alerts.first": "第一次",
  "alerts.count": "次数",
  "alerts.recipients": "收件人",
  "alerts.nobody": "没有通知对象",
  "alerts.nobody.hint": "请在下面添加地址；否则警报只显示在此页和邮件日志中。",
  "alerts.all": "全部",
  "alerts.address": "地址",
  "alerts.boxes_hint": "未勾选代表全部",
  "alerts.settings": "设置",
  "alerts.from": "发件人",
  "alerts.repeat_after": "相同警报的最短重复间隔",
  "alerts.max_repeat": "间隔加倍的上限",
  "alerts.server": "服务器",
  "alerts.server_hint": "host:port。",
  "alerts.server_none": "按收件人的路由或 MX",
  "alerts.tls": "TLS 级别",
  "alerts.test": "发送测试",
  "alerts.test_sent": "已向所有对象发送测试。",
  "alerts.test_failed": "测试未送达所有对象。",
};
