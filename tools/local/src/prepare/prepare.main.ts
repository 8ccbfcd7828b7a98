import { runMigrations } from './migrations.js';
import { preparationVariable, type Preparation, type Report } from './preparation.js';
import { loadSyntheticData } from './synthetic-data.js';

/**
 * The process that {@link prepare} starts. It reports over the channel to its parent, and exits when the
 * parent is gone.
 */
const report = (message: Report) => process.send?.(message);
const end = () => process.exit(1);
process.on('disconnect', end);

try {
  const preparation = JSON.parse(process.env[preparationVariable] ?? '') as Preparation;
  await runMigrations(preparation);
  report({ migrated: true });
  await loadSyntheticData(preparation, (say) => report({ say }));
} catch (error) {
  report({ failed: (error as Error).message });
  process.exitCode = 1;
}
process.off('disconnect', end);
process.disconnect?.();
