import { levelStore } from '../../packages/core/test/support/stores.ts';
import { describeAttacks } from './describe-attacks.ts';

describeAttacks(['LevelDB', levelStore]);
