/**
 * The languages of the pages, and which one a browser gets.
 *
 * The switch on the page is a cookie and counts first; then comes what the browser asks for (RFC 9110 §12.5.4).
 *
 * @module
 */

// deno-fmt-ignore
/** Each language by its tag (RFC 5646), and what it calls itself. */
export const languages = {
  "en":      "English",
  "zh-Hant": "繁體中文",
  "zh-Hans": "简体中文",
} as const;

/** The tag of a language that there is. */
export type Language = keyof typeof languages;

/** The cookie that the switch sets. */
export const languageCookie = "postern-language";

/** Whether a tag is that of a language that there is. */
export function isLanguage(tag: string | undefined): tag is Language {
  return tag !== undefined && Object.hasOwn(languages, tag);
}

/** The language for a browser. `chosen` is the cookie's value, `accepted` the header. English where nothing fits. */
export function languageFor({ chosen, accepted }: { chosen?: string; accepted?: string }): Language {
  if (isLanguage(chosen)) return chosen;
  const wishes = (accepted ?? "").slice(0, 1_000).split(",").slice(0, 30).map((item, index) => {
    const [tag, ...parameters] = item.split(";").map((part) => part.trim());
    const quality = parameters.map((part) => /^q=([01](?:\.\d{0,3})?)$/i.exec(part)?.[1]).find((q) => q !== undefined);
    return { tag: tag.toLowerCase(), quality: quality === undefined ? 1 : Number(quality), index };
  });
  wishes.sort((a, b) => b.quality - a.quality || a.index - b.index);
  for (const { tag, quality } of wishes) {
    const found = quality > 0 ? nearest(tag) : undefined;
    if (found !== undefined) return found;
  }
  return "en";
}

/** Regions where the traditional script is written; Chinese without a word about script or region is simplified. */
const traditional = /^zh-(?:.*-)?(?:hant|tw|hk|mo)(?:-|$)/;

function nearest(tag: string): Language | undefined {
  if (tag === "*" || tag === "en" || tag.startsWith("en-")) return "en";
  if (tag !== "zh" && !tag.startsWith("zh-")) return undefined;
  return traditional.test(tag) ? "zh-Hant" : "zh-Hans";
}
