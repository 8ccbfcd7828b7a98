import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';

/** A client secret, of which only the hash is kept; 256-bit random, so a plain SHA-256 suffices. */
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

  /** null for the current one; set when a newer one replaces it. */
  @Column('timestamptz', { nullable: true })
  expires_at: Date | null;
}
