/**
 * One request to an authority over HTTPS, bounded in time and octets.
 *
 * The runtime's own client carries it: its TLS verifies by the system's authorities and those that are given, and TLS below 1.2 is not
 * spoken. Redirects are no part of RFC 8555 and are refused, and so is anything but https.
 *
 * @module
 */
import type { Clock } from "../base/clock.ts";
import { limits } from "../base/limits.ts";
import { causeOf, printable } from "../base/text.ts";
import { AcmeError } from "./problem.ts";

/** What is asked. */
export interface HttpRequest {
  url: string;
  method: "GET" | "HEAD" | "POST";
  /** A signed request, as `application/jose+json`. */
  body?: string;
}

/** What came back. */
export interface HttpAnswer {
  status: number;
  headers: Headers;
  text: string;
}

/** Sends a request. Rejects with {@linkcode AcmeError} where there is no answer. */
export type Exchange = (request: HttpRequest, signal: AbortSignal) => Promise<HttpAnswer>;

/** An exchange that holds connections until it is disposed of. */
export interface HttpsExchange extends Disposable {
  exchange: Exchange;
}

/** Makes an exchange that trusts `authorities` (PEM) beside the runtime's list. */
export function httpsExchange(
  { clock, authorities, version }: { clock: Clock; authorities: readonly string[]; version: string },
): HttpsExchange {
  const client = Deno.createHttpClient({ caCerts: [...authorities], poolMaxIdlePerHost: 1, poolIdleTimeout: 30_000 });
  const exchange: Exchange = async ({ url, method, body }, signal) => {
    if (!url.startsWith("https://")) {
      throw new AcmeError(`Cannot ask ${printable(url, urlLengthMax)}: it is no https URL`);
    }
    const over = new AbortController();
    const late = clock.after(limits.acmeRequestMs, () => over.abort());
    try {
      const response = await fetch(url, {
        client,
        method,
        body,
        redirect: "manual",
        headers: {
          "user-agent": `Postern/${version}`,
          "accept-language": "en",
          ...(body === undefined ? {} : { "content-type": "application/jose+json" }),
        },
        signal: AbortSignal.any([signal, over.signal]),
      });
      return { status: response.status, headers: response.headers, text: await boundedText(response) };
    } catch (thrown) {
      if (thrown instanceof AcmeError) throw thrown;
      const shown = printable(url, urlLengthMax);
      if (over.signal.aborted) {
        throw new AcmeError(`Cannot reach ${shown}: no answer within ${limits.acmeRequestMs} ms`);
      }
      if (signal.aborted) throw new AcmeError(`Cannot reach ${shown}: it was given up`);
      throw new AcmeError(`Cannot reach ${shown}: ${printable(reasonOf(thrown), urlLengthMax)}`);
    } finally {
      late.cancel();
    }
  };
  return { exchange, [Symbol.dispose]: () => client.close() };
}

const urlLengthMax = 300;

/** The runtime's text names the URL first, which is said already. */
function reasonOf(thrown: unknown): string {
  return causeOf(thrown).replace(/^error sending request (for url \(.*?\)|from .*? for \S+ \(.*?\)): /, "");
}

async function boundedText(response: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  let octets = 0;
  for await (const chunk of response.body ?? []) {
    octets += chunk.length;
    if (octets > limits.acmeAnswerOctetsMax) {
      throw new AcmeError(`Cannot read the authority's answer: it is larger than ${limits.acmeAnswerOctetsMax} octets`);
    }
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}
