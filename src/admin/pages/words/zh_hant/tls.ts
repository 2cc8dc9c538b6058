/**
 * TLS connections, in Traditional Chinese.
 *
 * @module
 */
import type { Catalogue } from "../catalogue.ts";
import type { tls as english } from "../en/tls.ts";

/** See the module. */
export const tls: Catalogue<typeof english> = {
  "tls.about": "哪些郵件已加密、哪些未加密，以及原因",
  "tls.direction": "方向",
  "tls.inbound": "收入，依寄件者網域",
  "tls.outbound": "送出，依目的地",
  "tls.span": "時間範圍",
  "tls.day": "過去 24 小時",
  "tls.week": "過去 7 天",
  "tls.month": "過去 30 天",
  "tls.quarter": "過去 90 天",
  "tls.domain_filter": "網域包含",
  "tls.show": "顯示",
  "tls.graph": "各時段連線數",
  "tls.required_ok": "要求 TLS，成功",
  "tls.preferred_ok": "偏好 TLS，成功",
  "tls.clear": "明文",
  "tls.required_failed": "要求 TLS，失敗",
  "tls.preferred_failed": "偏好 TLS，失敗",
  "tls.summary": "總計",
  "tls.connections": "連線",
  "tls.domains": "網域",
  "tls.domain": "網域",
  "tls.share": "加密比例",
  "tls.messages": "郵件",
  "tls.last": "最近結果",
  "tls.result.success": "已加密",
  "tls.result.failed": "失敗",
  "tls.result.clear": "明文",
  "tls.unverified": "憑證未通過驗證",
  "tls.set_policy": "設定原則",
  "tls.test": "立即測試",
  "tls.empty": "此期間沒有郵件",
  "tls.empty.hint": "請選擇較長的期間，或透過閘道寄送郵件。",
  "tls.all_others": "所有其他網域",
  "tls.null_sender": "空寄件者（退信）",
  "tls.unknown": "沒有郵件的連線",
};
