import { describeSluice } from './describe-sluice.ts';
import { onDisk } from './sluice-target.ts';

describeSluice('persistence level', onDisk);
