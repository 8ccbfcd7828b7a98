import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';

/** A client secret, stored as its hash only. It has 256 random bits, so a plain SHA-256 suffices. */
@Entity('app_secret')
export class AppSecret {
  @PrimaryGeneratedColumn('identity', { type: 'bigint' })
  id: string;

  @Column('text')
  client_id: string;

  @Column('text')
  sha256: string;

  @Column('timestamptz')
  created_at: Date;

  /** Null for the current secret. Set when a newer secret replaces it. */
  @Column('timestamptz', { nullable: true })
  expires_at: Date | null;
}
