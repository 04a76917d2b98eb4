"""`palladium.config`."""

from triglot.config import Config, args_from_config, get_config, initialize_config

__all__ = ["Config", "args_from_config", "get_config", "initialize_config"]
