/**
 * What the program refuses, and what is odd about certificates, in English: as each part of it says it.
 *
 * @module
 */
import { passwordTexts } from "../../../../auth/passwords.ts";
import { certificateTexts } from "../../../../certs/texts.ts";
import { commandTexts } from "../../../../control/texts.ts";
import { adminTexts } from "../../../texts.ts";

/** See the module. */
export const faults = { ...certificateTexts, ...commandTexts, ...adminTexts, ...passwordTexts } as const;
