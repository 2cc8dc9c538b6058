/**
 * Bounce profiles, and pages of blocks that inherit from a default one, in Simplified Chinese.
 *
 * @module
 */
import type { Catalogue } from "../catalogue.ts";
import type { bounces as english } from "../en/bounces.ts";

/** See the module. */
export const bounces: Catalogue<typeof english> = {
  "named.used_by": "使用位置",
  "named.unused": "无",
  "named.more": "及其他 {count} 个",
  "named.exists": "已存在；请编辑该项",
  "named.gone": "已不存在；请重新添加",
  "named.missing": "缺少名称",
  "named.name.hint": "可用字母、数字、句点、下划线和连字符。",
  "named.inherits": "留空的字段继承自 default",
  "named.default.about": "其他各项未指定的值都继承自此项",
  "bounces.about": "无法传送的邮件重试多久，以及何时通知发件人",
  "bounces.add": "添加退回配置文件",
  "bounces.one": "退回配置文件 {name}",
  "bounces.ask": "要删除退回配置文件 {name} 吗？",
  "bounces.group.retries": "重试",
  "bounces.group.warning": "延迟警告",
  "bounces.max_retries": "首次之后的尝试次数",
  "bounces.max_queue_time": "在队列中的最长时间",
  "bounces.initial_retry": "第二次尝试前的等待时间",
  "bounces.initial_retry.hint": "之后的等待时间逐次增加。数字加上 s、m、h 或 d。",
  "bounces.max_retry_interval": "两次尝试之间的最长等待时间",
  "bounces.send_delay_warning": "通知发件人邮件正在等待",
  "bounces.send_delay_warning.hint": "每封邮件一次。",
  "bounces.delay_warning_after": "多久之后通知",
};
