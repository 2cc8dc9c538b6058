/**
 * Shutdown and suspend, in Simplified Chinese.
 *
 * @module
 */
import type { Catalogue } from "../catalogue.ts";
import type { shutdown as english } from "../en/shutdown.ts";

/** See the module. */
export const shutdown: Catalogue<typeof english> = {
  "shutdown.about": "暂停的项目在恢复之前一直保持暂停，重新启动后也是如此",
  "shutdown.listeners": "侦听程序",
  "shutdown.listeners_about": "暂停的侦听程序以 421 响应新的会话，并让进行中的完成：当前 {count} 个。",
  "shutdown.only_listeners": "仅限以下",
  "shutdown.delivery": "投递",
  "shutdown.delivery_about": "暂停投递时邮件留在队列中：当前 {count} 封。",
  "shutdown.domains": "仅限以下域",
  "shutdown.domains_hint": "以逗号分隔；.example.com 代表其下的域",
  "shutdown.suspend_all": "全部暂停",
  "shutdown.resume_all": "全部恢复",
  "shutdown.suspend": "暂停这些",
  "shutdown.resume": "恢复这些",
  "shutdown.sure.listeners": "要让所有侦听程序停止接收新邮件吗？",
  "shutdown.sure.delivery": "在恢复之前不投递任何邮件吗？",
  "shutdown.suspended_now": "已暂停。",
  "shutdown.resumed_now": "已恢复。",
  "shutdown.some": "已暂停：{names}",
  "shutdown.nothing_named": "未指定任何项目",
  "shutdown.stop": "停止网关",
  "shutdown.stop_about":
    "会话最多有 30 秒可以完成；队列保留在磁盘上。本页也会停止：须由服务管理程序或主机操作人员重新启动。",
  "shutdown.stop_sure": "要停止网关吗？邮件和本页都会停止。",
  "shutdown.stopping": "网关正在停止。重新启动之前无法使用本页。",
};
