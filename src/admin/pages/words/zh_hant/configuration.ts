/**
 * The configuration file and its history, in Traditional Chinese.
 *
 * @module
 */
import type { Catalogue } from "../catalogue.ts";
import type { configuration as english } from "../en/configuration.ts";

/** See the module. */
export const configuration: Catalogue<typeof english> = {
  "configuration.about": "閘道目前與先前所依據的組態",
  "configuration.download": "下載",
  "configuration.download_about": "完整檔案及其註解。密碼雜湊等機密會遮蔽；再次上傳時，遮蔽處代表原有的值。",
  "configuration.download_file": "config.yaml",
  "configuration.download_candidate": "含您的變更",
  "configuration.upload": "上傳",
  "configuration.upload_about": "以整個檔案取代現有檔案。它會列入您的變更，確認後才生效。",
  "configuration.upload_submit": "上傳",
  "configuration.file": "組態檔案（YAML）",
  "configuration.no_file": "未選擇檔案",
  "configuration.too_large": "大於 {size}",
  "configuration.no_text": "不是 UTF-8 文字",
  "configuration.uploaded": "檔案已列入您的變更。請檢視差異後確認。",
  "configuration.same": "檔案內容與現有內容相同。",
  "configuration.history": "歷程記錄",
  "configuration.no_history": "尚無任何變更",
  "configuration.entry": "項目",
  "configuration.number": "項目 {id}",
  "configuration.when": "時間",
  "configuration.who": "使用者",
  "configuration.by_hand": "手動編輯",
  "configuration.comment": "註解",
  "configuration.lines": "行數",
  "configuration.changed_then": "當時的變更",
  "configuration.no_difference": "這是第一個項目，或其內容與前一項目相同。",
  "configuration.rollback": "回復至此項目",
  "configuration.rollback_same": "檔案目前的內容與當時相同。",
  "configuration.rollback_about": "回復後檔案會有以下變更。目前的內容仍保留在歷程記錄中。",
  "configuration.rollback_sure": "要以項目 {id} 取代檔案並立即生效嗎？",
  "configuration.rollback_submit": "回復",
  "configuration.whole": "完整內容",
};
