/**
 * The audit log, in Simplified Chinese.
 *
 * @module
 */
import type { Catalogue } from "../catalogue.ts";
import type { audit as english } from "../en/audit.ts";

/** See the module. */
export const audit: Catalogue<typeof english> = {
  "audit.about": "谁登录、谁更改了什么、来自何处；最新的在前",
  "audit.lines": "条目",
  "audit.who": "用户或地址",
  "audit.what": "操作、对象或详细信息",
  "audit.outcome": "结果",
  "audit.all": "全部",
  "audit.done": "已完成",
  "audit.refused": "已拒绝",
  "audit.since": "从",
  "audit.until": "到",
  "audit.time": "时间",
  "audit.user": "用户",
  "audit.from": "地址",
  "audit.via": "方式",
  "audit.via.session": "密码",
  "audit.via.token": "API 令牌",
  "audit.via.certificate": "证书",
  "audit.via.control": "命令行",
  "audit.action": "操作",
  "audit.target": "对象",
  "audit.detail": "详细信息",
  "audit.none": "未找到任何条目",
  "audit.none_yet": "目前尚未找到任何条目",
  "audit.none_about": "请减少条件或延长时间范围。保留多少日志由日志设置决定。",
};
