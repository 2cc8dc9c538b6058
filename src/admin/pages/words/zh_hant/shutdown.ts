/**
 * Shutdown and suspend, in Traditional Chinese.
 *
 * @module
 */
import type { Catalogue } from "../catalogue.ts";
import type { shutdown as english } from "../en/shutdown.ts";

/** See the module. */
export const shutdown: Catalogue<typeof english> = {
  "shutdown.about": "暫停的項目在繼續之前一直保持暫停，重新啟動後亦同",
  "shutdown.listeners": "接聽程式",
  "shutdown.listeners_about": "暫停的接聽程式以 421 回應新的工作階段，並讓進行中的完成：目前 {count} 個。",
  "shutdown.only_listeners": "僅限下列",
  "shutdown.delivery": "傳遞",
  "shutdown.delivery_about": "暫停傳遞時郵件留在佇列中：目前 {count} 封。",
  "shutdown.domains": "僅限下列網域",
  "shutdown.domains_hint": "以逗號分隔；.example.com 代表其下的網域",
  "shutdown.suspend_all": "全部暫停",
  "shutdown.resume_all": "全部繼續",
  "shutdown.suspend": "暫停這些",
  "shutdown.resume": "繼續這些",
  "shutdown.sure.listeners": "要讓所有接聽程式停止接收新郵件嗎？",
  "shutdown.sure.delivery": "在繼續之前不傳遞任何郵件嗎？",
  "shutdown.suspended_now": "已暫停。",
  "shutdown.resumed_now": "已繼續。",
  "shutdown.some": "已暫停：{names}",
  "shutdown.nothing_named": "未指定任何項目",
  "shutdown.stop": "停止閘道",
  "shutdown.stop_about":
    "工作階段最多有 30 秒可以完成；佇列保留在磁碟上。本頁也會停止：須由服務管理程式或主機操作人員重新啟動。",
  "shutdown.stop_sure": "要停止閘道嗎？郵件與本頁都會停止。",
  "shutdown.stopping": "閘道正在停止。重新啟動之前無法使用本頁。",
};
