#!/bin/bash
# Postern as it is shipped, but for the limits that a load test reaches.
set -eu
repository=$(cd ../../.. && pwd)
rm -rf "$BENCH_DIR/data"
mkdir -p "$BENCH_DIR"
inbound=off outbound=none
[ "$BENCH_TLS" = 1 ] && inbound=preferred outbound=required
cat >"$BENCH_DIR/config.yaml" <<M
version: 1
hostname: postern.bench.test
storage: { directory: ./data }
admin: { address: null }
certificates:
  bench: { certificate: $BENCH_CERT, key: $BENCH_KEY }
listeners:
  inbound:
    type: private
    address: 127.0.0.1:$BENCH_PORT
    certificate: bench
    max_connections: 3000
    sender_groups:
      - { name: RELAYLIST, senders: [127.0.0.0/8], policy: RELAYED }
      - { name: ALL, policy: BLOCKED }
mail_flow_policies:
  BLOCKED: { action: reject }
  RELAYED:
    action: relay
    tls: $inbound
    max_messages_per_connection: 100000
    max_connections_per_ip: 3000
    max_message_size: 50M
smtp_routes:
  dest.test: ["127.0.0.1:$BENCH_SINK_PORT"]
destination_controls:
  default: { tls: $outbound }
${POSTERN_EXTRA:-}
M
binary=${POSTERN_BIN:-$repository/dist/postern}
cd "$BENCH_DIR"
if [ -x "$binary" ]; then
  exec "$binary" run --config "$BENCH_DIR/config.yaml" >"$BENCH_DIR/stdout.log"
fi
exec "$repository/denow" run -A "$repository/main.ts" run --config "$BENCH_DIR/config.yaml" >"$BENCH_DIR/stdout.log"
