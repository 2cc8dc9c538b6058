/**
 * Users, tokens and one's own account, in Traditional Chinese.
 *
 * @module
 */
import type { Catalogue } from "../catalogue.ts";
import type { users as english } from "../en/users.ts";

/** See the module. */
export const users: Catalogue<typeof english> = {
  "users.about": "誰可以使用本頁與其 API，以及具備的角色",
  "users.list": "使用者",
  "users.name": "使用者名稱",
  "users.role": "角色",
  "users.login": "登入方式",
  "users.password": "密碼",
  "users.certificate": "憑證",
  "users.nothing": "無：不能登入",
  "users.disabled": "已停用：不能登入",
  "users.disable": "停用",
  "users.disable_hint": "立即無法登入，工作階段與 API 權杖一併失效；其餘資料保留，可隨時重新啟用。",
  "users.factor": "雙重驗證",
  "users.you": "您",
  "users.new": "新增使用者",
  "users.new_password": "密碼，至少 {count} 個字元",
  "users.other_password": "新密碼",
  "users.other_password_hint": "留空則維持不變。變更後該使用者的工作階段會結束。",
  "users.password_hint": "以憑證登入者可留空",
  "users.no_password": "移除密碼",
  "users.certificate_name": "用戶端憑證上的名稱",
  "users.certificate_hint": "與使用者名稱不同時填寫",
  "users.create": "建立",
  "users.created": "已建立使用者 {name}。",
  "users.changed": "已變更使用者 {name}。",
  "users.deleted": "已刪除使用者 {name}。",
  "users.delete_sure": "要刪除 {name} 及其工作階段、權杖與雙重驗證嗎？",
  "users.reset_factor": "重設雙重驗證",
  "users.reset_about": "例如手機遺失時：使用者僅以密碼登入，再重新設定。",
  "users.reset_done": "{name} 的雙重驗證已關閉。",
  "users.at_once": "使用者的變更立即生效，無須確認。",
  "users.tokens": "API 權杖",
  "users.tokens_none": "沒有權杖",
  "users.tokens_none_hint": "使用 API 的程式（例如監控）需要權杖：請在下方建立。",
  "users.token_name": "用途",
  "users.token_owner": "擁有者",
  "users.token_created": "建立時間",
  "users.token_expires": "到期日",
  "users.token_expired": "已到期",
  "users.token_used": "上次使用",
  "users.token_days": "有效天數，1 至 {max}",
  "users.token_days_wrong": "不是 1 至 {max} 的數字",
  "users.token_name_wrong": "為空、超過 100 個字元，或含有控制字元",
  "users.token_new": "新增權杖",
  "users.token_made": "權杖已建立。僅顯示這一次，請立即複製。",
  "users.revoke": "撤銷",
  "users.revoke_sure": "要撤銷權杖 {name} 嗎？使用它的程式將無法存取。",
  "users.revoked": "權杖已失效。",
};
