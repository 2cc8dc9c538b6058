/**
 * SMTP AUTH of one session: who may try, what is proved, and what a failure costs.
 *
 * Failures are counted by address for all listeners and over restarts. An attempt is counted before its password is checked and taken back when it
 * was right, so that attempts side by side do not exceed the limit; each failure in the hour makes the next reply wait longer, new
 * connections included. The log names users that exist; other names are not logged, since people type passwords where
 * names belong.
 *
 * @module
 */
import type { AuthUser, Login, Users } from "../auth/users.ts";
import { sleep } from "../base/clock.ts";
import { limits } from "../base/limits.ts";
import type { MailFlowPolicy } from "../config/config.ts";
import { type Reply, reply } from "../mail/reply.ts";
import type { Claim, Mechanism } from "../smtp/sasl.ts";
import type { AuthOutcome } from "../smtp/server_state.ts";
import type { AcceptWorld } from "./service.ts";

/** Whose session it is. */
export interface AuthenticatorOptions {
  icid: number;
  /** See `policy/client_key.ts`. */
  client: string;
  users: Users;
}

// RFC 4954 §6. One text for all that is wrong: which part it was is nobody's business.
const invalid = reply(535, "5.7.8", "Authentication credentials invalid");
const later = reply(454, "4.7.0", "Temporary authentication failure, try again later");

/** See the module. */
export class Authenticator {
  readonly #world: Pick<AcceptWorld, "clock" | "log" | "rates" | "passwords">;
  readonly #options: AuthenticatorOptions;
  /** Names on the client's certificate, where it verifies. */
  #certificate: readonly string[] = [];
  #policy: MailFlowPolicy | undefined;
  #user: AuthUser | undefined;

  constructor(
    world: Pick<AcceptWorld, "clock" | "log" | "rates" | "passwords">,
    options: AuthenticatorOptions,
  ) {
    this.#world = world;
    this.#options = options;
  }

  /** The client has proved to be somebody who may send to any recipient. */
  get relays(): boolean {
    return this.#user !== undefined && this.#policy?.auth_relay === true;
  }

  /** From now on this policy says what an authentication is worth. */
  admit(policy: MailFlowPolicy): void {
    this.#policy = policy;
  }

  /** TLS is up: RFC 3207 §4.2 lets nothing from before count. `names`: what the client's certificate proves. */
  secured(names: readonly string[]): void {
    this.#user = undefined;
    this.#certificate = names;
  }

  /** Mechanisms that this client can come through with. */
  mechanisms(): Mechanism[] {
    const { users } = this.#options;
    const external: Mechanism[] = users.knowCertificate(this.#certificate) ? ["EXTERNAL"] : [];
    return users.havePasswords ? [...external, "PLAIN", "LOGIN"] : external;
  }

  /** Why this user may not send as `sender`. The null sender of reports is everybody's. */
  refusal(sender: string): Reply | undefined {
    if (this.#user === undefined || sender === "" || this.#user.maySendAs(sender)) return undefined;
    return reply(553, "5.7.1", `<${sender}> Sender address is not yours`);
  }

  /** Finds out whether a claim is true. What is wrong takes its time. */
  async authenticate(claim: Claim): Promise<AuthOutcome> {
    const { rates: { auth }, log } = this.#world;
    const { icid, client } = this.#options;
    const { max_auth_failures_per_hour: most, name } = this.#policy!;
    const { mechanism } = claim;
    const asked = auth.attempt(client, most);
    const { allowed, count } = asked instanceof Promise ? await asked : asked;
    if (!allowed) {
      const text = `too many failed authentications from ${client} in this hour: ${count}, ` +
        `max_auth_failures_per_hour of policy ${name} is ${most}`;
      log.info({ event: "icid_auth_failed", icid, mechanism, reason: "max_auth_failures_per_hour", text });
      return { kind: "failed", reply: later };
    }
    const login = await this.#login(claim);
    if (login.kind === "user") {
      auth.add(client, -1);
      this.#user = login.user;
      log.info({ event: "icid_auth", icid, user: login.user.name, mechanism });
      return { kind: "done", user: login.user.name };
    }
    const { fault, user } = login;
    log.info({
      event: "icid_auth_failed",
      icid,
      mechanism,
      ...fault,
      ...user === undefined ? {} : { user: user.name },
    });
    if (fault.reason === "busy") {
      auth.add(client, -1);
      return { kind: "failed", reply: later };
    }
    await sleep(this.#world.clock, Math.min(limits.authDelayMs * 2 ** (count - 1), limits.authDelayMsMax));
    return { kind: "failed", reply: invalid };
  }

  #login(claim: Claim): Login | Promise<Login> {
    const { users } = this.#options;
    if (claim.mechanism === "EXTERNAL") return users.byCertificate(this.#certificate, claim.authorization);
    return users.byPassword(claim, this.#world.passwords);
  }
}
