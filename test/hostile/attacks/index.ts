// Of the list that the attacks were collected in, these are elsewhere, because they need a virtual clock, a real transport,
// a real process or a real disk:
//   S17, S18, S37, S39, S42  rules with hostile names, revoked rights, broken files, secrets in logs, passwords in bulk:
//                            packages/auth/test, test/e2e/access
//   S27, S29                 WebSocket and TLS: packages/server/test, packages/conformance
//   S28                      there is no PROXY protocol: its header is refused as a packet, see the vectors
//   S30, S31                 kill -9 at each write, broken disks and stores: test/crash, packages/persistence-level/test
//   S32, S34                 clocks that jump, an event loop that stands still: packages/core/test
//   S36                      close() during traffic ends the canary, too: packages/core/test/behaviour/closing.test.ts
//   S40                      control characters in logs: packages/server/test
import type { Attack } from './attack.ts';
import { connecting } from './connecting.ts';
import { failingHooks } from './failing-hooks.ts';
import { publishing } from './publishing.ts';
import { receiving } from './receiving.ts';
import { subscribing } from './subscribing.ts';

/** Every attack in several steps that can be run within a second or two, in the order of the list. */
export const allAttacks: readonly Attack[] = [
  ...connecting,
  ...failingHooks,
  ...publishing,
  ...receiving,
  ...subscribing,
].toSorted((one, other) => one.id.localeCompare(other.id));
