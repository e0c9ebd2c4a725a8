"""SQL that revisions carry for ever: how it is written, and read again."""
