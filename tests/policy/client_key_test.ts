import assert from "node:assert/strict";
import { clientKey } from "../../src/policy/client_key.ts";

Deno.test("clientKey is an IPv4 address, or the network of an IPv6 one", () => {
  for (
    const [address, key] of [
      ["192.0.2.7", "192.0.2.7"],
      ["::ffff:192.0.2.7", "192.0.2.7"],
      ["::ffff:c000:207", "192.0.2.7"],
      ["2001:db8::1", "2001:db8:0:0::/64"],
      ["2001:DB8:0:0:ffff:ffff:ffff:ffff", "2001:db8:0:0::/64"],
      ["2001:db8:0:1::1", "2001:db8:0:1::/64"],
      ["::1", "0:0:0:0::/64"],
      // A zone is no part of what is parsed: such an address is its own key.
      ["fe80::1%eth0", "fe80::1%eth0"],
    ]
  ) assert.equal(clientKey(address), key, address);
});
