import { captureOutput } from './process-output.js';

/**
 * The first import of a service. It turns every output line into JSON from the start. Libraries may warn
 * while they load, so this import precedes them and loads none of them.
 */
captureOutput();
