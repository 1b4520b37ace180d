// Runs the program whose path is the argument, and tells the test when its last line was reached: what it left
// open (a listener, a broker) may go on for ever then.
import { pathToFileURL } from 'node:url';

await import(pathToFileURL(process.argv[2]).href);
process.send?.('loaded');
