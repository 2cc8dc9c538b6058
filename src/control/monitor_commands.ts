/**
 * Commands about how the gateway does: `status`, `tophosts`, `hoststatus`.
 *
 * @module
 */
import {
  type HostOrder,
  hostOrders,
  type HostStatusFacts,
  hostStatusOf,
  type StatusFacts,
  statusOf,
  type StatusSource,
  type TopHostsFacts,
  topHostsOf,
} from "../monitor/status.ts";
import { type Args, type Command, CommandError } from "./commands.ts";

/** Rows of `tophosts` where nobody says how many, and at the most. */
const rows = 20;
const rowsMax = 200;

/** See the module. */
export function monitorCommands(source: StatusSource): Command[] {
  return [
    { name: "status", run: (): StatusFacts => statusOf(source) },
    {
      name: "tophosts",
      run: (args): TopHostsFacts =>
        topHostsOf(source, { order: orderOf(args), count: args.count("limit", rowsMax) ?? rows }),
    },
    { name: "hoststatus", run: (args): HostStatusFacts => hostStatusOf(source, args.needed("domain")) },
  ];
}

function orderOf(args: Args): HostOrder {
  const order = args.text("sort") ?? "active";
  if (Object.hasOwn(hostOrders, order)) return order as HostOrder;
  throw new CommandError(`Cannot sort by ${order}: one of ${Object.keys(hostOrders).join(", ")}`);
}
