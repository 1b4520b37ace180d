import { describeSluice } from './describe-sluice.ts';
import { impatient, narrow } from './sluice-target.ts';

describeSluice('with every feature cut down', narrow);
describeSluice('with its own keep alive', impatient);
