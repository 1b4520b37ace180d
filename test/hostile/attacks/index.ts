import { accessing } from './access.ts';
import type { Attack } from './attack.ts';
import { connecting } from './connecting.ts';
import { failingHooks } from './failing-hooks.ts';
import { publishing } from './publishing.ts';
import { receiving } from './receiving.ts';
import { subscribing } from './subscribing.ts';
import { surroundings } from './surroundings.ts';
import { transports } from './transports.ts';

/** Every attack in several steps that can be run within a second or two, in the order of the list. */
export const allAttacks: readonly Attack[] = [
  ...accessing,
  ...connecting,
  ...failingHooks,
  ...publishing,
  ...receiving,
  ...subscribing,
  ...surroundings,
  ...transports,
].toSorted((one, other) => one.id.localeCompare(other.id));
