import { describeSluice } from './describe-sluice.ts';
import { inMemory } from './sluice-target.ts';

describeSluice('persistence memory', inMemory);
