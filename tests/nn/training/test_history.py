"""History: columns, the best epoch, and the files it becomes."""

import pytest

from nn.training import History
from tensorgrad.errors import ArgumentError, DataError

RECORDS = [{"epoch": 1, "test_loss": 0.5, "test_accuracy": 0.8}, {"epoch": 2, "test_loss": 0.3, "test_accuracy": 0.9},
           {"epoch": 3, "test_loss": 0.3, "test_accuracy": 0.9}, {"epoch": 4, "test_loss": 0.4, "test_accuracy": 0.7}]


def test_columns_and_rows():
    history = History(RECORDS)
    assert history["test_loss"] == [0.5, 0.3, 0.3, 0.4] and history[-1]["epoch"] == 4 and len(history) == 4
    assert [record["epoch"] for record in history] == [1, 2, 3, 4]
    assert repr(history) == "<History of 4 epochs>"


def test_best_is_the_first_of_equals():
    history = History(RECORDS)
    assert history.best("test_loss")["epoch"] == 2 and history.best("test_accuracy")["epoch"] == 2
    assert history.best("test_loss", "max")["epoch"] == 1
    assert history.best("test_loss", min_delta=0.25)["epoch"] == 1


def test_nan_is_never_best():
    history = History([{"epoch": 1, "test_loss": float("nan")}, *RECORDS[1:]])
    assert history.best("test_loss")["epoch"] == 2


def test_jsonl_there_and_back():
    text = History(RECORDS).to_jsonl()
    assert text.count("\n") == 4 and History.from_jsonl(text).records == RECORDS
    assert History().to_jsonl() == "" and History.from_jsonl("").records == []


def test_csv():
    assert History(RECORDS[:1] + [{"epoch": 2, "test_loss": 0.25}]).to_csv() == (
        "epoch,test_loss,test_accuracy\n1,0.5,0.8\n2,0.25,\n")
    assert History().to_csv() == ""


def test_changing_what_was_passed_changes_nothing():
    record = dict(RECORDS[0])
    history = History([record])
    record["epoch"] = 9
    assert history[0]["epoch"] == 1


def test_errors():
    with pytest.raises(ArgumentError, match="there is no 'test_los'.\n.*epoch, test_loss, test_accuracy"):
        History(RECORDS)["test_los"]
    with pytest.raises(ArgumentError, match="mode is 'least'"):
        History(RECORDS).best("test_loss", "least")
    with pytest.raises(ArgumentError, match="no epochs yet"):
        History().best("test_loss")
    with pytest.raises(DataError, match="line 2 is no JSON object"):
        History.from_jsonl('{"epoch": 1}\n{"epoch": 2')
    with pytest.raises(DataError, match="line 1 is no JSON object: not an object"):
        History.from_jsonl("[1]\n")
