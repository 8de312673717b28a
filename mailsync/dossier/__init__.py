"""The record as it is handed over: dispute folders, agreements with their versions, exports."""
