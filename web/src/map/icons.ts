// SPDX-License-Identifier: Apache-2.0
// Icons as path data on a 16 by 16 grid: no icon font, no emoji.
import type { MapNode, Snapshot, State } from "../api/types";

export type IconName =
  | "client" | "service" | "database" | "cache" | "queue" | "external" | "dns" | "web" | "group";

export const KIND_ICONS: Record<IconName, string> = {
  client: "M6 3.2a2.3 2.3 0 1 1 0 4.6 2.3 2.3 0 0 1 0-4.6zM1.8 13c0-2.6 1.9-4 4.2-4s4.2 1.4 4.2 4zM10.6 3.6a2 2 0 1 1 0 3.8M11.6 9.2c1.6.5 2.7 1.7 2.7 3.8",
  service: "M8 1.6 13.6 4.8V11.2L8 14.4 2.4 11.2V4.8zM2.4 4.8 8 8l5.6-3.2M8 8v6.4",
  database: "M2.8 4c0-1.2 2.3-2.1 5.2-2.1S13.2 2.800 13.2 4 10.900 6.100 8 6.100 2.800 5.200 2.800 4zM2.8 4v8c0 1.200 2.300 2.100 5.200 2.100s5.200-.900 5.200-2.100V4M2.800 8c0 1.200 2.300 2.100 5.200 2.100S13.200 9.200 13.200 8",
  cache: "M9 1.500 3.200 9H7.600L6.800 14.500 12.800 6.800H8.300z",
  queue: "M1.800 4.200h3.400v7.600H1.800zM6.300 4.200h3.400v7.600H6.300zM10.800 4.200h3.400v7.600h-3.400z",
  external: "M8 1.800a6.200 6.200 0 1 1 0 12.400A6.200 6.200 0 0 1 8 1.800zM1.800 8h12.400M8 1.800c2 1.700 2.800 3.800 2.800 6.200S10 12.500 8 14.200C6 12.500 5.200 10.400 5.200 8S6 3.500 8 1.800",
  dns: "M2.500 2.500h11v4.300h-11zM2.500 9.200h11v4.300h-11zM5 4.700h.1M5 11.400h.1M8 4.700h3M8 11.400h3",
  web: "M1.800 3h12.400v10H1.800zM1.800 6h12.400M4 4.500h.1M6 4.500h.1",
  group: "M2.200 5.500h8.300v8.300H2.200zM5.500 5.500V2.200h8.300v8.300h-3.300",
};

// Centred on 0,0, six units each way. The shape tells the state where colour cannot.
export const STATE_ICONS: Record<State, string> = {
  over: "M0-5.800 6 5H-6zM-.8-2.200v3.600H.8v-3.600zM-.8 2.300v1.500H.8V2.300z",
  near: "M0-5.500 5.500 0 0 5.500-5.500 0zM-.7-2.800v3H.7v-3zM-.7 1.200v1.400H.7V1.200z",
  ok: "M-4 0a4 4 0 1 0 8 0 4 4 0 1 0-8 0",
  nodata: "M-4.500 0a4.500 4.500 0 1 0 9 0 4.500 4.500 0 1 0-9 0zM-3 0a3 3 0 1 1 6 0 3 3 0 1 1-6 0",
  idle: "M-4-1h8v2h-8z",
};

const BY_KIND: Record<string, IconName> = {
  client: "client", loadgenerator: "client", load: "client", database: "database", db: "database",
  cache: "cache", queue: "queue", broker: "queue", external: "external", internet: "external",
  outside: "external", peer: "external", dns: "dns", web: "web", proxy: "web", group: "group",
};

const BY_PROTOCOL: Record<string, IconName> = {
  redis: "cache", memcached: "cache", postgresql: "database", postgres: "database",
  mysql: "database", mongodb: "database", kafka: "queue", amqp: "queue", mqtt: "queue",
  nats: "queue", dns: "dns",
};

// The server's word first, then what the node speaks to its callers.
export function iconFor(node: MapNode, snapshot: Snapshot): IconName {
  const kind = BY_KIND[node.kind.toLowerCase()];
  if (kind !== undefined) return kind;
  if (node.entry) return "client";
  for (const edge of snapshot.edges) {
    if (edge.server !== node.id) continue;
    const icon = BY_PROTOCOL[edge.protocol.toLowerCase()];
    if (icon !== undefined) return icon;
  }
  return "service";
}
