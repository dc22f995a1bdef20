"""What tasks say of themselves."""

import inspect

from rossi import ftools
from rossi.ftools.catalogue import TASKS
from rossi.ftools.describe import help_text
from rossi.ftools.lookup import find


def test_the_manual_of_a_task():
    assert help_text("hxtback", find("hxtback")).split("\n") == [
        "hxtback - split a science file by where the cluster points",
        "",
        "Usage: rossi ftool hxtback infile [name=value ...]",
        "",
        "  infile        text     required  science file",
        "  both          yes/no   no        one background file instead of one a side",
        "  housekeeping  text               accepted, without effect",
        "  silent        yes/no   no        accepted, without effect",
        "  compat        yes/no   no        look at the first rows only where there are a million or more",
        "  clobber       yes/no   no        overwrite output files that exist; so does a ! before a file's",
        "                                   name",
        "  chatter       integer  2         how much a task says; accepted, without effect",
        "  mode          text     ql        h: never ask for a parameter that is missing",
        "",
        "Options: -i (infile), -b (both), -k (housekeeping), -s (silent)",
        "",
        "Example, in a folder with the archive of `rossi simulate --out archive --observations 6 --seed 1`:",
        "",
        "    rossi ftool hxtback -i archive/AO9/P90101/90101-01-01-04/hexte/FS52_1521c390-1521cce0.gz -b",
    ]
    assert "--seed 1`; it needs a matrix full.rmf of 256 channels:" in help_text("rbnrmf", find("rbnrmf"))


def test_the_documentation_of_a_function():
    assert ftools.fparkey.__doc__.split("\n") == [
        "Change, add or delete a keyword.",
        "",
        *("Parameters", "----------"),
        *("value : text", "    new value"),
        *("fitsfile : text", "    file and HDU, changed in place"),
        *("keyword : text", "    name of the keyword; -NAME deletes it"),
        *("comm : text, default ' '", "    comment"),
        *("add : yes/no, default no", "    add the keyword where it is missing"),
        *("insert : text, default ' '", "    keyword (or number of the card) behind which a new one stands"),
        *("clobber : yes/no, default no", "    overwrite output files that exist; so does a ! before a file's name"),
        *("chatter : integer, default 2", "    how much a task says; accepted, without effect"),
        *("mode : text, default ql", "    h: never ask for a parameter that is missing"),
        "",
        *("Returns", "-------", "HSPResult"),
    ]
    assert "both : yes/no, default no" in ftools.hxtback.__doc__
    assert "housekeeping : text, default ''" in ftools.hxtback.__doc__


def test_what_all_tasks_say():
    for name in TASKS:
        task = find(name)
        parameters = help_text(name, task).split("\n\n")[2]
        assert max(map(len, parameters.split("\n"))) <= 100
        given = inspect.signature(getattr(ftools, name)).parameters
        assert list(given) == ["args", *task.names]
        assert {key for key in task.names if given[key].default is given[key].empty} == set(task.parameters.required())


def test_parameters_that_are_listed():
    listed = ftools.plist(task="fparkey").output
    assert listed[:5] == (
        "Parameters for fparkey",
        "         value =                    new value",
        "      fitsfile =                    file and HDU, changed in place",
        "       keyword =                    name of the keyword; -NAME deletes it",
        "         (comm =  )                 comment",
    )
    assert ftools.fhelp(task="maketime").output[0] == "maketime - good time intervals from a condition on a filter file"
