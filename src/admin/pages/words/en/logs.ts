/**
 * Log settings, in English.
 *
 * @module
 */

/** See the module. */
export const logs = {
  "logs.about": "What is logged, in which form, and how long it is kept",
  "logs.level_hint": "The most talkative level that is logged",
  "logs.format": "Format",
  "logs.rotate_size": "Size at which the file is rotated",
  "logs.rotate_hint": "A size, as in 100M.",
  "logs.keep": "Rotated files kept",
} as const;
