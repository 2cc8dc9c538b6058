/**
 * The configuration file and its history, in English.
 *
 * @module
 */

/** See the module. */
export const configuration = {
  "configuration.about": "What the gateway runs by, and what it ran by before",
  "configuration.download": "Download",
  "configuration.download_about":
    "The whole file with its comments. Secrets, as hashes of passwords, are masked; a mask that is uploaded again means what was there.",
  "configuration.download_file": "config.yaml",
  "configuration.download_candidate": "With your changes",
  "configuration.upload": "Upload",
  "configuration.upload_about":
    "A whole file in the place of the one that is there. It waits among your changes until you commit.",
  "configuration.upload_submit": "Upload",
  "configuration.file": "Configuration file (YAML)",
  "configuration.no_file": "no file was chosen",
  "configuration.too_large": "is larger than {size}",
  "configuration.no_text": "is no text in UTF-8",
  "configuration.uploaded": "The file waits among your changes. Look at the difference, then commit.",
  "configuration.same": "The file says what is there already.",
  "configuration.history": "History",
  "configuration.no_history": "Nothing was changed yet",
  "configuration.entry": "Entry",
  "configuration.number": "Entry {id}",
  "configuration.when": "When",
  "configuration.who": "Who",
  "configuration.by_hand": "edited by hand",
  "configuration.comment": "Comment",
  "configuration.lines": "Lines",
  "configuration.changed_then": "What changed then",
  "configuration.no_difference": "This is the first entry, or one whose text says the same as the one before.",
  "configuration.rollback": "Roll back to it",
  "configuration.rollback_same": "The file says what it said then.",
  "configuration.rollback_about":
    "This is what a roll back would change in the file now. What is there now stays in the history.",
  "configuration.rollback_sure": "Put entry {id} in the place of the file, and in force at once?",
  "configuration.rollback_submit": "Roll back",
  "configuration.whole": "The whole text",
} as const;
