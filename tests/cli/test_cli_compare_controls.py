"""Controls, as a user asks for them by name."""

import json

RUN = ("compare", "zoo:barbell:k=4", "--model", "gcn:hidden=4,layers=2", "--protocol", "epochs=2", "--trials", "2")
ARMS = ("--arm", "sdrf:iterations=2", "--arm", "cayley", "--arm", "last_layer_fa")


def test_every_arm_is_told_against_its_controls(mixcli) -> None:
    done = mixcli(*RUN, *ARMS, "--controls", "mlp,random", "--controls", "degrees", "-o", "r.db", "--format", "table")
    assert done.returncode == 0, done.stderr_text
    for arm in ("sdrf:iterations=2", "cayley"):
        for same in ("number", "degrees"):
            assert f"{arm} against random edges of the same {same}: " in done.stdout_text
        assert f"random for {arm}: " not in done.stdout_text  # a row of the table says it
    why = "last_layer_fa: no random or degrees control, its last layer joins all pairs, which have no other placement"
    assert why in done.stdout_text
    record = json.loads(mixcli("compare", "r.db").stdout)
    assert record["controls"] == ["mlp", "random", "degrees"]
    assert [(a["name"], a["control"], a.get("control_for")) for a in record["arms"] if "control" in a] == [
        ("mlp (no edges)", "mlp", None),
        ("random for sdrf:iterations=2", "random", ["sdrf:iterations=2"]),
        ("random for cayley", "random", ["cayley"]),
        ("degrees for sdrf:iterations=2", "degrees", ["sdrf:iterations=2"]),
        ("degrees for cayley", "degrees", ["cayley"]),
    ]
    assert record["arms"][3]["controls"].keys() == {"random", "degrees"}


def test_controls_can_be_had_by_name_or_not_at_all(mixcli) -> None:
    bare = json.loads(mixcli(*RUN[:-4], "--arm", "cayley", "--protocol", "fair,epochs=2", "--trials", "1",
                             "--controls", "none").stdout)  # fmt: skip
    assert [a["name"] for a in bare["arms"]] == ["cayley"]
    wrong = mixcli(*RUN, "--controls", "randm")
    assert (wrong.returncode, "did you mean random?" in wrong.stderr_text) == (2, True), wrong.stderr_text
    told = mixcli(*RUN, *ARMS, "--controls", "random", "--dry-run").stdout_text
    assert "4 arm(s) × 2 trial(s): 8 trainings; at most as much for each control (random)" in told  # and none
    for said in ("", ",", "none,mlp"):
        refused = mixcli(*RUN, "--controls", said)
        assert (refused.returncode, refused.stderr_text.startswith("mixcli: --controls: expected ")) == (2, True)
