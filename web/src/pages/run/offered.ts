// SPDX-License-Identifier: Apache-2.0
// What was wanted and what was answered, second by second. Pure. Requests and failed connects are
// offered; what was answered without an error is accepted.
import type { Value } from "../../api/types";

export function offeredAndAccepted(
  requests: readonly Value[],
  errors: readonly Value[],
  failed: readonly Value[],
): { offered: Value[]; accepted: Value[] } {
  return {
    offered: requests.map((rate, i) => (rate === null ? null : rate + (failed[i] ?? 0))),
    accepted: requests.map((rate, i) => (rate === null ? null : Math.max(0, rate - (errors[i] ?? 0)))),
  };
}
