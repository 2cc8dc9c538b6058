/**
 * What commands tell of words and files that cannot be used, by code.
 *
 * @module
 */
import { type Teller, tellerOf } from "../base/told.ts";

// deno-fmt-ignore
/** Every text. */
export const commandTexts = {
  "fault.form.one_value": "Cannot use --{option}: it needs one value",
  "fault.form.a_value": "Cannot use --{option}: it needs a value",
  "fault.form.needed": "Cannot go on without {option}",
  "fault.form.no_file": "Cannot use {option}: no file came with it",
  "fault.form.file_needed": "Cannot go on without {option}: it names a file",
  "fault.form.password_text": "Cannot use the password in {file}: it is not UTF-8",
  "fault.form.count": "Cannot use --{option} {value}: a whole number from 1 to {max}",
  "fault.form.time": "Cannot use --{option} {value}: it {what}; {right}",
  "fault.form.option": "Cannot use --{option} {value}: it {what}; {right}",
  "fault.cert.no_request": "Cannot print a request of {name}: there is none; certconfig renew {name} makes one",
  "fault.cert.request_needless": "Cannot print a request of {name}: its certificate is renewed by itself, without one of yours",
  "fault.cert.export_empty": "Cannot export a key unprotected: the password is empty",
  "fault.cert.disagrees": "Cannot be verified as it is: {missed} of {count} do not agree",
  "fault.cert.nobody": "Cannot make a certificate for nobody: --common-name mx1.example.com names its host",
  "fault.cert.what_to_import": "Cannot tell what to import: --pkcs12 FILE, or --certificate FILE and --key FILE",
  "fault.assign.no_profile": "Cannot assign {name}: no certificate has this name; there are {known}",
  "fault.assign.misspelt": "Cannot assign {name}: no certificate has this name; did you mean {meant}?",
  "fault.assign.one": "Cannot add {name} to {place}: it shows one certificate; without --add",
  "fault.assign.not_there": "Cannot take {name} from {place}: it shows {shown}",
  "fault.assign.useless": "Cannot assign {name} to {place}: no cipher of tls.{service} can use its key ({key})",
  "fault.crl.there": "Cannot add {source}: it is there",
  "fault.crl.not_there": "Cannot remove {source}: certificate_authorities.crls does not name it",
  "fault.crl.source": "Cannot use this source: it {what}; {right}",
  "fault.crl.no_url": "Cannot fetch revocation lists: certificate_authorities.crls names no URL",
  "fault.crl.not_named": "Cannot fetch {source}: certificate_authorities.crls does not name it",
  "fault.crl.fetch": "Cannot fetch {source}: {cause}",
  "fault.ocsp.nobody": "Cannot ask responders: no certificate in use names one",
  "fault.ocsp.ask": "Cannot ask {url} about {names}: {cause}",
  "fault.bundle.name": "Cannot name the bundle after {what}: --name NAME; letters, digits, _ - and . , at most 64, a letter or digit first; system is the system's list",
  "fault.bundle.name_wrong": "Cannot use --name {name}: it cannot be a name; letters, digits, _ - and . , at most 64, a letter or digit first; system is the system's list",
  "fault.bundle.taken": "Cannot add {what}: there is a bundle {name}; --name chooses another, or remove {name} first",
  "fault.bundle.which": "Cannot tell which {name} is meant: {files}; name the file",
  "fault.bundle.unknown": "Cannot find the bundle {name}: there are {known}",
  "fault.bundle.none": "Cannot find the bundle {name}: there are none",
  "fault.bundle.no_system": "Cannot export the system's list: there is none",
  "fault.suspend.listener": "Cannot suspend {name}: there is no such listener; there are {known}",
  "fault.suspend.domain": "Cannot use --domain {domain}: it is no domain",
  "fault.suspend.all": "Cannot resume {names} alone: all of it is suspended; resume {what} ends that",
  "fault.suspend.not": "Cannot resume {name}: it is not suspended",
  "fault.queue.gone": "Cannot {action} MID {mid}: nothing of it is in the queue that matches",
  "fault.queue.unknown": "Cannot show MID {mid}: it is not in the queue",
  "fault.queue.no_mid": "Cannot use {word}: it is no MID",
  "fault.queue.which": "Cannot go on: say which, by MID, by a filter such as --domain, or --all",
  "fault.queue.nowhere": "Cannot redirect: say to which host, HOST[:PORT], or --back",
  "fault.queue.hop": "Cannot redirect to {word}: it {what}; a host name or an address, with a port where it is not 25, as in backup.example.test:2525",
  "fault.alerts.nobody": "Cannot send a test: alerts.recipients names nobody",
  "fault.alerts.missed": "Cannot reach {missed} of {count} recipients",
  "fault.backup.weak": "Cannot protect the archive: {why}",
  "fault.backup.short": "the password has less than {min} characters",
  "fault.backup.save": "Cannot save {file}: {fault}",
  "fault.backup.save_large": "Cannot save: the archive would have more than {max} octets, and could not be loaded",
  "fault.backup.no_password": "Cannot go on without a password: --password-file F, or - to type it",
  "fault.backup.password_empty": "Cannot use the password: its file has an empty first line",
  "fault.backup.not_in_force": "Cannot put the archive's configuration in force: what was there before is there again",
} as const;

/** Tells one of them. */
export const tell: Teller<typeof commandTexts> = tellerOf(commandTexts);
