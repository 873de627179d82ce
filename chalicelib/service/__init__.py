"""The use cases, one file each. They ask the world through ports and decide with the core."""
