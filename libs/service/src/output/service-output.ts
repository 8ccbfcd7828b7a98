import { captureOutput } from './process-output.js';

/**
 * The first import of a service: every line that the process writes is JSON, from its first line on. Libraries warn while
 * they are loaded, so this must stand before the others and loads none of them.
 */
captureOutput();
