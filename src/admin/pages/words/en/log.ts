/**
 * The mail log, in English.
 *
 * @module
 */

/** See the module. */
export const log = {
  "log.about": "The last {count} lines that fit, the youngest first; it follows by itself",
  "log.level": "Level",
  "log.level.critical": "Critical",
  "log.level.warning": "Warning",
  "log.level.info": "Info",
  "log.level.debug": "Debug",
  "log.level.trace": "Trace",
  "log.text": "Text",
  "log.text_hint": "As MID 7",
  "log.none": "No line of late fits",
} as const;
