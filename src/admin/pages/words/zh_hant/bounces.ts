/**
 * Bounce profiles, and pages of blocks that inherit from a default one, in Traditional Chinese.
 *
 * @module
 */
import type { Catalogue } from "../catalogue.ts";
import type { bounces as english } from "../en/bounces.ts";

/** See the module. */
export const bounces: Catalogue<typeof english> = {
  "named.used_by": "使用位置",
  "named.unused": "無",
  "named.more": "及其他 {count} 個",
  "named.exists": "已存在；請編輯該項",
  "named.gone": "已不存在；請重新新增",
  "named.missing": "缺少名稱",
  "named.name.hint": "可用字母、數字、句點、底線與連字號。",
  "named.inherits": "留空的欄位繼承自 default",
  "named.default.about": "其他各項未指定的值都繼承自此項",
  "bounces.about": "無法傳送的郵件重試多久，以及何時通知寄件者",
  "bounces.add": "新增退信設定檔",
  "bounces.one": "退信設定檔 {name}",
  "bounces.ask": "要刪除退信設定檔 {name} 嗎？",
  "bounces.group.retries": "重試",
  "bounces.group.warning": "延遲警告",
  "bounces.max_retries": "首次之後的嘗試次數",
  "bounces.max_queue_time": "在佇列中的最長時間",
  "bounces.initial_retry": "第二次嘗試前的等候時間",
  "bounces.initial_retry.hint": "之後的等候時間逐次增加。數字加上 s、m、h 或 d。",
  "bounces.max_retry_interval": "兩次嘗試之間的最長等候時間",
  "bounces.send_delay_warning": "通知寄件者郵件正在等候",
  "bounces.send_delay_warning.hint": "每封郵件一次。",
  "bounces.delay_warning_after": "多久之後通知",
};
