/**
 * The configuration file and its history, in Simplified Chinese.
 *
 * @module
 */
import type { Catalogue } from "../catalogue.ts";
import type { configuration as english } from "../en/configuration.ts";

/** See the module. */
export const configuration: Catalogue<typeof english> = {
  "configuration.about": "网关当前与先前所依据的配置",
  "configuration.download": "下载",
  "configuration.download_about": "完整文件及其注释。密码散列等机密会被掩盖；再次上传时，掩盖处代表原有的值。",
  "configuration.download_file": "config.yaml",
  "configuration.download_candidate": "含您的更改",
  "configuration.upload": "上传",
  "configuration.upload_about": "以整个文件取代现有文件。它会列入您的更改，确认后才生效。",
  "configuration.upload_submit": "上传",
  "configuration.file": "配置文件（YAML）",
  "configuration.no_file": "未选择文件",
  "configuration.too_large": "大于 {size}",
  "configuration.no_text": "不是 UTF-8 文本",
  "configuration.uploaded": "文件已列入您的更改。请查看差异后确认。",
  "configuration.same": "文件内容与现有内容相同。",
  "configuration.history": "历史记录",
  "configuration.no_history": "尚无任何更改",
  "configuration.entry": "条目",
  "configuration.number": "条目 {id}",
  "configuration.when": "时间",
  "configuration.who": "用户",
  "configuration.by_hand": "手动编辑",
  "configuration.comment": "注释",
  "configuration.lines": "行数",
  "configuration.changed_then": "当时的更改",
  "configuration.no_difference": "这是第一个条目，或其内容与前一条目相同。",
  "configuration.rollback": "回滚到此条目",
  "configuration.rollback_same": "文件当前的内容与当时相同。",
  "configuration.rollback_about": "回滚后文件会有以下更改。当前内容仍保留在历史记录中。",
  "configuration.rollback_sure": "要以条目 {id} 取代文件并立即生效吗？",
  "configuration.rollback_submit": "回滚",
  "configuration.whole": "完整内容",
};
