/**
 * Destination controls, and forms of keys that inherit, in Simplified Chinese.
 *
 * @module
 */
import type { Catalogue } from "../catalogue.ts";
import type { destinations as english } from "../en/destinations.ts";

/** See the module. */
export const destinations: Catalogue<typeof english> = {
  "keys.built_in": "内置值：{value}",
  "keys.empty": "留空：{inherited}。",
  "keys.list_from": "列表取自",
  "keys.own_list": "以下列表",
  "keys.entries": "条目，每行一个",
  "keys.time": "数字加上 s、m、h 或 d。",
  "keys.candidate_faults": "您的更改有错误，当前显示的是生效中的值：",
  "keys.warnings": "提交前请先查看：",
  "destinations.about": "邮件如何发出（按目的地）：加密、证书、限制与退回",
  "destinations.settings": "全局设置",
  "destinations.settings.certificate.hint": "向要求证书的每台服务器出示；目的地可另行指定。",
  "destinations.alert": "必需的 TLS 连接失败时发送警报",
  "destinations.alert.hint": "发送给系统警报的收件人。",
  "destinations.default": "默认条目",
  "destinations.default.about": "适用于未另行指定的所有目的地",
  "destinations.levels": "各 TLS 级别的作用",
  "destinations.entries": "目的地",
  "destinations.filter": "域包含",
  "destinations.empty": "尚未单独设置任何目的地",
  "destinations.no_match": "没有名称匹配的目的地",
  "destinations.empty.hint": "发往其他所有域的邮件按默认条目处理。",
  "destinations.add": "添加目的地",
  "destinations.edit": "目的地 {domain}",
  "destinations.edit.about": "留空的字段继承自默认条目",
  "destinations.delete.ask": "要删除目的地 {domain} 吗？之后其邮件将按默认条目处理。",
  "destinations.domain": "域",
  "destinations.domain.hint": "example.com；或用 .example.com 代表其所有子域。以最长匹配为准。",
  "destinations.exists": "已有条目；请编辑该条目",
  "destinations.gone": "条目已不存在；请重新添加",
  "destinations.group.certificates": "证书",
  "destinations.group.limits": "限制与传送",
  "destinations.tls": "TLS 级别",
  "destinations.level.none": "不使用 TLS。即使服务器提供加密，邮件仍以明文传送。",
  "destinations.level.preferred":
    "服务器提供 TLS 时使用，但不验证其证书；未提供时以明文传送。握手失败时邮件将等待重试。",
  "destinations.level.required": "必须使用 TLS，但不验证证书。未提供或失败时邮件将等待，最终退回；绝不以明文传送。",
  "destinations.level.preferred-verify":
    "服务器提供 TLS 时使用并验证其证书，结果会记录并列入报告。验证未通过时仍会传送；未提供 TLS 时以明文传送。",
  "destinations.level.required-verify":
    "必须使用 TLS，且证书必须通过验证：受信任的证书颁发机构、正确的名称、在有效期内且未吊销。否则邮件将等待，最终退回。",
  "destinations.verify_names": "证书上认可的名称",
  "destinations.verify_names.hint": "适用于需验证的级别。",
  "destinations.verify.domain": "目的地域",
  "destinations.verify.mx": "域，或其 MX 主机名",
  "destinations.verify.hosted": "域、MX 主机，或路由的主机",
  "destinations.certificate": "向服务器出示的证书",
  "destinations.certificate.hint": "仅向要求证书的服务器出示。",
  "destinations.certificate.global": "采用全局设置",
  "destinations.certificate.none": "无",
  "destinations.ip_preference": "主机地址",
  "destinations.family.prefer_v6": "先 IPv6，后 IPv4",
  "destinations.family.require_v6": "仅 IPv6",
  "destinations.family.prefer_v4": "先 IPv4，后 IPv6",
  "destinations.family.require_v4": "仅 IPv4",
  "destinations.max_connections": "并发连接数",
  "destinations.max_messages": "每个连接的邮件数",
  "destinations.max_recipients": "每个时段的收件人数",
  "destinations.max_recipients.hint": "0：无限制。超出的部分在队列中等待。",
  "destinations.recipients_interval": "收件人计数时段",
  "destinations.limit_apply_to": "限制应用于",
  "destinations.apply.domain": "整个域",
  "destinations.apply.mx_address": "其主机的每个地址",
  "destinations.bounce_profile": "退回配置文件",
};
