/**
 * What the front's doors answer: everything on the admin address, figures alone where there is no TLS. Both are loaded with the first
 * request.
 *
 * @module
 */
import type { FigureSource } from "./figures.ts";
import type { AdminWorld } from "./world.ts";

/** Who asks. */
export interface Client {
  /** The peer's address. */
  address: string;
  /** The names on his certificate, in lower case, where he showed one and it is verified. */
  certificate?: readonly string[];
  /** Wall milliseconds at which the connection began. */
  opened: number;
}

/** Answers a request whose URL is the one that the client asked for. */
export type App = (request: Request, client: Client) => Promise<Response>;

/** API, pages and figures. */
export function webApp(world: AdminWorld): App {
  return lazily(async () => (await import("./web.ts")).makeWeb(world));
}

/** `/healthz`, `/readyz` and `/metrics` alone, for everybody. */
export function figuresApp(source: Omit<FigureSource, "token">): App {
  return lazily(async () => (await import("./figures_web.ts")).makeFigures(source));
}

/** Loads with the first request; what could not be loaded once may be there the next time. */
function lazily(load: () => Promise<App>): App {
  let loading: Promise<App> | undefined;
  return async (request, client) => {
    const app = await (loading ??= load().catch((error) => {
      loading = undefined;
      throw error;
    }));
    return await app(request, client);
  };
}
