package nightly

import "testing"

func TestBackupCompletes(t *testing.T) {
	t.Parallel()
	cloud := newCloud(t)
	client := cloud.client()

	backup, err := client.Create(cloud.instance, "nightly")
	if err != nil {
		t.Fatal(err)
	}
	cloud.advance("1h")

	status, err := client.Status(cloud.instance, backup.ID)
	if err != nil || status != "COMPLETED" {
		t.Errorf("after an hour it is %q (%v)", status, err)
	}
}

func TestBusyInstanceIsAskedAgain(t *testing.T) {
	t.Parallel()
	cloud := newCloud(t)
	cloud.arm(map[string]any{"operation": "create_manual_backup", "error": "RDS.0011", "times": 2})

	if _, err := cloud.client().Create(cloud.instance, "nightly"); err != nil {
		t.Fatal(err)
	}

	cloud.called("create_manual_backup", 3)
}

func TestSomeDayItGivesUp(t *testing.T) {
	t.Parallel()
	cloud := newCloud(t)
	cloud.arm(map[string]any{"operation": "create_manual_backup", "error": "RDS.0011"})

	if _, err := cloud.client().Create(cloud.instance, "nightly"); err == nil {
		t.Error("it made a backup of an instance that is always busy")
	}

	cloud.called("create_manual_backup", attempts)
}
