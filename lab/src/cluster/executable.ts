import { join } from 'node:path';

/** Where `bin/fairlead` is: the form that is shipped. */
export const executable = join(import.meta.dirname, '..', '..', '..', 'bin', 'fairlead');
