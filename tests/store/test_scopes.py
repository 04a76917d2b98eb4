"""Models of scopes in every database: told from others by few queries, and a mark that changes with what is active."""

from tests.store.conftest import make_artefact
from triglot.store import ModelStore
from triglot.store.scopes import scope_versions, summaries, versions_without_scopes


def written(kept: ModelStore, model: str, **scope: str) -> int:
    return kept.write(model, make_artefact(), metadata={"scope": scope} if scope else {"note": '"scope": no object'})


def test_scopes_are_told_from_all_other_models_by_what_their_versions_say(store: ModelStore) -> None:
    for model, scope in (("sales/1", {"store": "1"}), ("sales/2_", {"store": "2_"}), ("a/b", {}), ("rest", {})):
        store.activate(model, written(store, model, **scope))
    written(store, "sales/1", store="1")
    written(store, "sales2/1", store="1")

    active = store.active()
    assert active == {"sales/1": 1, "sales/2_": 1, "a/b": 1, "rest": 1}
    assert store.scopes.among(active) == {"sales/1", "sales/2_"}
    assert store.scopes.among({"sales/1": 7, "rest": 1}) == set()
    assert [(info.model, info.version) for info in versions_without_scopes(store)] == [("a/b", 1), ("rest", 1)]
    found = [(each.model, each.version, each.active) for each in scope_versions(store, "sales")]
    assert found == [("sales/1", 1, True), ("sales/1", 2, False), ("sales/2_", 1, True)]
    told = [(each.family, each.models, each.active, each.versions, each.languages) for each in summaries(store)]
    assert told == [("sales", 2, 2, 3, ("r",)), ("sales2", 1, 0, 1, ("r",))]


def test_the_mark_changes_with_every_change_of_what_is_active_and_with_no_other(store: ModelStore) -> None:
    empty = store.scopes.mark()
    written(store, "sales/1", store="1")
    assert store.scopes.mark() == empty
    marks = [empty]
    for version in (1, written(store, "sales/1", store="1"), 1):
        store.activate("sales/1", version)
        marks.append(store.scopes.mark())
    store.deactivate("sales/1")
    marks.append(store.scopes.mark())
    assert marks[-1] == empty
    assert len(set(marks[:-1])) == 4
    store.activate("sales/1", 1, "challenger")
    assert store.scopes.mark() == empty
