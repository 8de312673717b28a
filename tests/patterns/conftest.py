import pytest

from tests.patterns.simulated import calm, read


@pytest.fixture(scope="session")
def calm_years():
    """Two calm years with a client, read once."""
    return read(list(calm()))
