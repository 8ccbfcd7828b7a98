type Job = () => void;

const jobs: Job[] = [];
let isScheduled = false;

/**
 * Runs a job at the end of this turn of the event loop: when the events that have arrived are handled, and
 * before Node.js looks for new ones. A job that another job adds runs in the same turn.
 */
export function atEndOfTurn(job: Job): void {
  jobs.push(job);
  schedule();
}

function schedule(): void {
  if (isScheduled) return;
  isScheduled = true;
  setImmediate(run);
}

function run(): void {
  try {
    for (let job = jobs.shift(); job; job = jobs.shift()) job();
  } finally {
    isScheduled = false;
    // A job has failed. The jobs behind it run all the same.
    if (jobs.length > 0) schedule();
  }
}
