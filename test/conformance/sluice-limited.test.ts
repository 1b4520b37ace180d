import { describeSluice } from './describe-sluice.ts';
import { jobsOfImpatient, jobsOfNarrow } from './sluice-jobs.ts';
import { impatient, narrow } from './sluice-target.ts';

describeSluice('with every feature cut down', narrow, jobsOfNarrow);
describeSluice('with its own keep alive', impatient, jobsOfImpatient);
