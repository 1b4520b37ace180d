import { describeSluice } from './describe-sluice.ts';
import { usualJobs } from './sluice-jobs.ts';

describeSluice('persistence level', { persistence: 'level' }, usualJobs);
