# analysis/
