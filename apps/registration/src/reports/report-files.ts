import { Injectable } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { csvCell } from '../http/csv.js';
import { decisionRow, DecisionsReports, type DecisionRow } from './decisions-report.js';
import {
  patientAccessReport,
  PatientAccessReports,
  type PatientAccessReport,
} from './patient-access-report.js';
import { UsageReports, usageRow, type UsageQuery, type UsageRow } from './usage-report.js';

/** A report as a file. */
export interface CsvFile {
  /** Without its ending. */
  name: string;
  csv: string;
}

/** The reports as CSV (RFC 4180) with a header line. */
@Injectable()
export class ReportFiles {
  constructor(
    private readonly patientAccessReports: PatientAccessReports,
    private readonly usageReports: UsageReports,
    private readonly decisionsReports: DecisionsReports,
  ) {}

  async patientAccess(year: number): Promise<CsvFile> {
    const columns = columnsOf<PatientAccessReport>(patientAccessReport.shape);
    return {
      name: `patient-access-${year}`,
      csv: rowsAsCsv(columns, [await this.patientAccessReports.of(year)]),
    };
  }

  async usage(query: UsageQuery): Promise<CsvFile> {
    const { apps } = await this.usageReports.of(query);
    return { name: `usage-${query.environment}`, csv: rowsAsCsv(columnsOf<UsageRow>(usageRow.shape), apps) };
  }

  async decisions(year: number): Promise<CsvFile> {
    const { decisions } = await this.decisionsReports.of(year);
    return {
      name: `decisions-${year}`,
      csv: rowsAsCsv(columnsOf<DecisionRow>(decisionRow.shape), decisions),
    };
  }
}

const columnsOf = <Row>(shape: object) => Object.keys(shape) as (keyof Row & string)[];

/** Without rows, the header alone. */
function rowsAsCsv<Row extends object>(columns: readonly (keyof Row & string)[], rows: readonly Row[]) {
  const lines = rows.map((row) => columns.map((name) => csvCell(String(row[name] ?? ''))).join(','));
  return `${[columns.join(','), ...lines].join('\n')}\n`;
}

export function sendCsvFile(reply: FastifyReply, { name, csv }: CsvFile) {
  return reply
    .type('text/csv; charset=utf-8')
    .header('content-disposition', `attachment; filename="${name}.csv"`)
    .header('cache-control', 'no-store')
    .send(csv);
}
