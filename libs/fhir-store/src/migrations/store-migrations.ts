import { AddSearchKeys1764000000101 } from './add-search-keys.migration.js';
import { IndexContained1764000000300 } from './contained.migration.js';
import { IndexContainers1764000000303 } from './containers.migration.js';
import { StoreBinaries1764000000501 } from './binaries.migration.js';
import { CreateStore1764000000100 } from './create-store.migration.js';
import { KeepDeletedOwners1764000000302 } from './deleted-owners.migration.js';
import { DropPositionIndex1764000000201 } from './drop-position-index.migration.js';
import { IndexLabels1764000000600 } from './labels.migration.js';
import { KeepFewerStatistics1764000000740 } from './fewer-statistics.migration.js';
import { FollowLabels1764000000720 } from './follow-labels.migration.js';
import { KeepResourceVersions1764000000750 } from './resource-versions.migration.js';
import { LoadAnyOrder1764000000200 } from './load-any-order.migration.js';
import { LimitNameWords1764000000202 } from './name-words.migration.js';
import { IndexPlaces1764000000103 } from './places.migration.js';
import { RecordIndexedParameters1764000000700 } from './indexed-parameters.migration.js';
import { CreateSharedReferences1764000000301 } from './shared-references.migration.js';
import { StoreDerivedRows1764000000400 } from './store-derived-rows.migration.js';
import { KeepUnresolvedResources1764000000500 } from './unresolved-resources.migration.js';
import { RecordLoadRuns1764000000502 } from './load-runs.migration.js';
import { KeepLoadFacts1764000000710 } from './load-facts.migration.js';
import { ListSharedCodes1764000000730 } from './shared-codes.migration.js';
import { CreateSharedStrings1764000000102 } from './shared-strings.migration.js';

/** The migrations of a store's database, for TypeORM, in their order. */
export const storeMigrations = [
  CreateStore1764000000100,
  AddSearchKeys1764000000101,
  CreateSharedStrings1764000000102,
  IndexPlaces1764000000103,
  LoadAnyOrder1764000000200,
  DropPositionIndex1764000000201,
  LimitNameWords1764000000202,
  IndexContained1764000000300,
  CreateSharedReferences1764000000301,
  KeepDeletedOwners1764000000302,
  IndexContainers1764000000303,
  StoreDerivedRows1764000000400,
  KeepUnresolvedResources1764000000500,
  StoreBinaries1764000000501,
  RecordLoadRuns1764000000502,
  IndexLabels1764000000600,
  RecordIndexedParameters1764000000700,
  KeepLoadFacts1764000000710,
  FollowLabels1764000000720,
  ListSharedCodes1764000000730,
  KeepFewerStatistics1764000000740,
  KeepResourceVersions1764000000750,
];
