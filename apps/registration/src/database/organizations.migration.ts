import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Organizations, their members and invitations. Every developer gets an organization, and every app belongs
 * to the organization of its developer. Triggers do the same for rows that the previous version adds while it
 * serves. The first organization of an account has the account's id, so that both versions agree.
 */
export class AddOrganizations1764800200000 implements MigrationInterface {
  name = 'AddOrganizations1764800200000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE organization (
        id uuid PRIMARY KEY,
        name text NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now()
      )`);
    await runner.query(`
      CREATE TABLE organization_member (
        organization_id uuid NOT NULL REFERENCES organization,
        account_id uuid NOT NULL REFERENCES account,
        role text NOT NULL CHECK (role IN ('admin', 'developer', 'viewer')),
        joined_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (organization_id, account_id)
      )`);
    await runner.query('CREATE INDEX organization_member_account ON organization_member (account_id)');
    await runner.query(`
      CREATE TABLE organization_invitation (
        id uuid PRIMARY KEY,
        organization_id uuid NOT NULL REFERENCES organization,
        email text NOT NULL,
        role text NOT NULL CHECK (role IN ('admin', 'developer', 'viewer')),
        token_sha256 text NOT NULL UNIQUE,
        invited_by text NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        expires_at timestamptz NOT NULL,
        closed_at timestamptz
      )`);
    await runner.query(
      'CREATE INDEX organization_invitation_age ON organization_invitation (organization_id, created_at DESC)',
    );
    await runner.query(`
      CREATE TABLE organization_act (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        organization_id uuid NOT NULL REFERENCES organization,
        at timestamptz NOT NULL DEFAULT now(),
        actor text NOT NULL,
        action text NOT NULL,
        person text,
        role text
      )`);
    await runner.query('CREATE INDEX organization_act_at ON organization_act (organization_id, at DESC)');
    await runner.query('ALTER TABLE app ADD COLUMN organization_id uuid REFERENCES organization');

    await runner.query(`
      CREATE FUNCTION organization_of_new_account() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        INSERT INTO organization (id, name, created_at) VALUES (NEW.id, NEW.organization, NEW.created_at);
        INSERT INTO organization_member (organization_id, account_id, role, joined_at)
          VALUES (NEW.id, NEW.id, 'admin', NEW.created_at);
        RETURN NULL;
      END $$`);
    await runner.query(`
      CREATE TRIGGER account_organization AFTER INSERT ON account FOR EACH ROW
      WHEN (NEW.role = 'developer') EXECUTE FUNCTION organization_of_new_account()`);
    await runner.query(`
      CREATE FUNCTION organization_of_new_app() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        NEW.organization_id := (SELECT id FROM organization WHERE id = NEW.owner_id);
        RETURN NEW;
      END $$`);
    await runner.query(`
      CREATE TRIGGER app_organization BEFORE INSERT ON app FOR EACH ROW
      WHEN (NEW.organization_id IS NULL) EXECUTE FUNCTION organization_of_new_app()`);

    await runner.query(`
      INSERT INTO organization (id, name, created_at)
      SELECT id, organization, created_at FROM account WHERE role = 'developer'`);
    await runner.query(`
      INSERT INTO organization_member (organization_id, account_id, role, joined_at)
      SELECT id, id, 'admin', created_at FROM account WHERE role = 'developer'`);
    await runner.query(`
      UPDATE app SET organization_id = owner_id
      WHERE organization_id IS NULL AND EXISTS (SELECT 1 FROM organization WHERE id = owner_id)`);
    await runner.query('CREATE INDEX app_organization ON app (organization_id, created_at DESC)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TRIGGER app_organization ON app');
    await runner.query('DROP TRIGGER account_organization ON account');
    await runner.query('DROP FUNCTION organization_of_new_app, organization_of_new_account');
    await runner.query('ALTER TABLE app DROP COLUMN organization_id');
    await runner.query(
      'DROP TABLE organization_act, organization_invitation, organization_member, organization',
    );
  }
}
